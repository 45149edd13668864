/* ttctl: what its parts share. One table of commands drives parsing, help, completion and, for most commands, the call itself:
 * options become fields of the request, fields of the reply become columns. Everything runs on one thread. */
#ifndef TTCTL_CTL_H
#define TTCTL_CTL_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "base/buffer.h"

/* Exit codes. */
enum {
    CTL_OK = 0,
    CTL_REFUSED = 1,     /* the service refused the command, or a file could not be used */
    CTL_USAGE = 2,       /* the command line is wrong */
    CTL_UNREACHABLE = 3, /* no reply in time */
    CTL_PARTLY = 4,      /* an import or match was done, but some records were rejected */
    CTL_STOPPED = 5      /* a harvest was stopped by a signal, and can go on */
};

typedef enum {
    CTL_PATENT,
    CTL_ACHIEVEMENT,
    CTL_FINANCE,
    CTL_STATISTICS,
    CTL_SERVICE_COUNT,
    CTL_NO_SERVICE = CTL_SERVICE_COUNT
} ctl_service;

/* How a value is read and where it goes in the request. */
typedef enum {
    CTL_TEXT,   /* as it is */
    CTL_ENUM,   /* in capitals, - as _ : the name of an enum value, behind what the field says after "=": "watch.delivery=DELIVERY_" */
    CTL_TIME,   /* "2026-12-01", "2026-12-01T08:00:00+08:00", "+7d" "+12h" "+30m" from now, "never": becomes milliseconds since 1970, 0 for never */
    CTL_NUMBER, /* a whole number, not negative */
    CTL_MONEY,  /* yuan, becomes fen */
    CTL_LEG,    /* AMOUNT[:MINIMUM[:PRICE[:TENOR]]] of a financing leg named like the option */
    CTL_FLAG    /* takes no value */
} ctl_value;

enum { CTL_OPERAND = 1, CTL_REQUIRED = 2, CTL_REPEATED = 4 };

typedef struct {
    const char *name;  /* "owner": --owner VALUE, and with CTL_OPERAND by its place too */
    const char *field; /* of the request, a path with points; NULL: the command reads it itself */
    ctl_value value;
    unsigned flags;
    const char *help;
} ctl_option;

typedef struct {
    const char *title; /* of the column; with a "?" in front, which is not shown: none where no row has it */
    const char *field; /* of the row, a path with points, in the JSON mapping; "*" is every element of a list */
    bool money;        /* fen, shown as yuan */
    bool right;        /* aligned to the right */
} ctl_column;

typedef struct ctl_command ctl_command;

/* The command line, parsed. */
typedef struct {
    const ctl_command *command;
    json_t *values; /* option name to list of texts; a flag to [] */
} ctl_args;

struct ctl_command {
    const char *name;    /* "watch put" */
    const char *summary; /* one line */
    const char *details; /* or NULL */
    const char *examples;
    const ctl_option *options; /* ended by a NULL name */
    int (*run) (const ctl_args *args);
    /* Of a call: */
    ctl_service service;
    const char *method;
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *reply;
    const char *rows;          /* list in the reply, a path, or NULL: the reply (or `record` in it) is shown as one record */
    const ctl_column *columns; /* of the rows; NULL: every field */
    const char *head;          /* message in the reply whose single values are shown above the rows, or NULL */
};

/* The table, ended by a NULL name; each group of commands is in a file of its own (cmd_*.c). */
extern const ctl_command ctl_patent_commands[];
extern const ctl_command ctl_import_commands[];
extern const ctl_command ctl_watch_commands[];
extern const ctl_command ctl_right_commands[];
extern const ctl_command ctl_map_commands[];
extern const ctl_command ctl_surge_commands[];
extern const ctl_command ctl_match_commands[];
extern const ctl_command ctl_explain_commands[];
extern const ctl_command ctl_achievement_commands[];
extern const ctl_command ctl_search_commands[];
extern const ctl_command ctl_finance_commands[];
extern const ctl_command ctl_round_commands[];
extern const ctl_command ctl_statistics_commands[];
extern const ctl_command ctl_event_commands[];
extern const ctl_command ctl_consumer_commands[];
extern const ctl_command ctl_top_commands[];
extern const ctl_command ctl_loan_commands[];
extern const ctl_command ctl_help_commands[];
extern const ctl_command ctl_classify_commands[];
extern const ctl_command ctl_label_commands[];
extern const ctl_command ctl_harvest_commands[];
extern const ctl_command ctl_contract_commands[];
extern const ctl_command ctl_intake_commands[];
/* Command number i over all groups, NULL past the last. */
const ctl_command *ctl_command_at (size_t i);
/* The options that every command takes, ended by a NULL name. */
extern const ctl_option ctl_common_options[];

/* args.c: parses; on failure says why on stderr and returns false. --help shows the help and sets *done. */
bool ctl_parse (int argc, char **argv, ctl_args *args, bool *done);
void ctl_args_free (ctl_args *args);
const char *ctl_get (const ctl_args *args, const char *name); /* first value, or NULL */
const char *ctl_get_or (const ctl_args *args, const char *name, const char *otherwise);
bool ctl_has (const ctl_args *args, const char *name);
size_t ctl_count (const ctl_args *args, const char *name);
const char *ctl_value_at (const ctl_args *args, const char *name, size_t i);
uint64_t ctl_number (const ctl_args *args, const char *name, uint64_t otherwise); /* of a CTL_NUMBER, checked by ctl_parse */

/* help.c */
void ctl_show_help (const ctl_command *command); /* NULL: the overview */
void ctl_show_group (const char *group);         /* the commands whose name begins with it */

/* A CTL_TIME in milliseconds since 1970; false if it is none. */
bool ctl_time (const char *text, int64_t *unix_ms);

/* call.c: the options as the request's JSON (owned); NULL after a message on stderr. */
json_t *ctl_request (const ctl_args *args);
/* Runs a command that is one call; the usual `run`. */
int ctl_call (const ctl_args *args);
/* One call of the command's method at a service, with these fields of the request. An exit code; with CTL_OK *reply is the reply's JSON (owned), else
 * NULL after a message on stderr. */
int ctl_exchange (const ctl_args *args, ctl_service service, json_t *fields, json_t **reply);
/* Endpoints from --endpoints/--events/--replay, the environment, or the defaults. kind 0 commands, 1 events, 2 replay. Static
 * storage. */
const char *ctl_endpoints (const ctl_args *args, ctl_service service, int kind);
const char *ctl_service_name (ctl_service service);

/* cmd_labels.c: all decisions about classes, as labelled texts, into a file; the command's call is ListLabels. An exit code. */
int ctl_export_labels (const ctl_args *args, const char *path);

/* cmd_observations.c: the `run` of statistics export: the reply of ListObservations as a table. */
int ctl_export_observations (const ctl_args *args);

/* cmd_explain.c: the class schemes that --ipc-scheme and --cpc-scheme name, for queries read afterwards. */
tt_status ctl_read_schemes (const ctl_args *args, tt_error *error);

/* output.c: JSON on one line on stdout. */
void ctl_print_json (const json_t *value);
/* Rows as a table, cut to the terminal's width if stdout is one. columns NULL: one line for each field of each row. */
void ctl_print_table (const json_t *rows, const ctl_column *columns);
void ctl_print_record (const json_t *record);
/* Only the fields of a record that hold one value. */
void ctl_print_head (const json_t *record);
/* The value at a path ("publication.number"); NULL if it is not there. Borrowed. */
const json_t *ctl_at (const json_t *value, const char *path);
/* One value as text for a cell, appended. */
void ctl_cell (const json_t *value, bool money, tt_buffer *out);

#endif
