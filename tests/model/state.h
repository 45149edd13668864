/* One state of the modelled system, the bounds of an exploration, and the rules that lead from a state to the next ones.
 *
 * What is modelled, and what is not: README.md. A state is bytes without padding: it is compared and hashed as it lies. Numbers
 * of events (uid), epochs, servers and instances begin at 1; 0 means none. */
#ifndef TT_MODEL_STATE_H
#define TT_MODEL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    COMMANDS = 4,                  /* most commands of a scenario */
    LIVES = 4,                     /* times that one command's event can be appended, in all histories together */
    EVENTS = COMMANDS * LIVES + 1, /* uids */
    JOURNAL = 5,                   /* most events in one history */
    LINES = 5,                     /* most epochs of a journal */
    QUEUE = 3,                     /* messages between a publisher and the subscriber */
    PAGE = 2,                      /* events in a page of a replay */
    HELD = 2,                      /* live events held back */
    REPLICAS = 2,
    BOUND = 1,     /* what the number may reach */
    REFUSED = 0xff /* a reply that is no uid */
};

typedef struct {
    uint8_t uid, epoch;
} entry;

/* Epochs of a journal, oldest first, each with its first sequence. */
typedef struct {
    uint8_t count;
    struct {
        uint8_t name, first;
    } line[LINES];
} chain;

/* A partition in one Redis server: everything that one prefix of its replication stream holds. */
typedef struct {
    uint8_t head;
    entry journal[JOURNAL]; /* event at sequence n is journal[n-1] */
    uint8_t written_by;     /* who appended last: what decides about a new epoch */
    chain epochs;
    uint8_t row_value, row_version;
    uint8_t number;
    uint8_t outcome[COMMANDS]; /* request ids: uid that the reply names, 0 = not known */
    uint8_t taken;             /* consumer group: last sequence handed out */
    uint8_t owner[JOURNAL];    /* pending entries: replica + 1 that took it, 0 = not pending */
    uint8_t effect[COMMANDS];  /* times that the command's event was worked on */
} partition;

typedef enum { SLOT_IDLE, SLOT_READ, SLOT_COMMITTED } slot_phase;
typedef enum { PUBLISHER_DOWN, PUBLISHER_UP, PUBLISHER_CUT } publisher_phase;
typedef enum { PROCESSOR_IDLE, PROCESSOR_TOOK, PROCESSOR_DID } processor_phase;

typedef struct {
    uint8_t up, stale; /* stale: its connections still lead to the former master */
    /* the command in hand */
    uint8_t phase, command, version, value, reply, covered; /* covered: the copy holds what was written */
    /* the publisher */
    uint8_t publisher, position, position_uid, position_epoch, instance;
    /* the processor */
    uint8_t work, work_sequence, work_uid, work_derived;
} daemon;

typedef enum { MESSAGE_EVENT = 1, MESSAGE_HEARTBEAT, MESSAGE_WELCOME } message_kind;

typedef struct {
    uint8_t kind, sequence, uid, previous, epoch, instance; /* heartbeat: sequence and uid of the head */
} message;

typedef enum { ASK_NOTHING, ASK_ASKED, ASK_PAGE, ASK_OPEN, ASK_LOSS } ask_kind;

typedef struct {
    uint8_t kind, from, after;
    chain asked; /* the caller's epochs */
    uint8_t head, head_uid, count, previous;
    entry events[PAGE];
    chain epochs;
    uint8_t lost_first, truth; /* truth: the first sequence that really was lost, for the check alone */
} question;

typedef struct {
    uint8_t next, last;
    chain epochs;
} place;

typedef struct {
    uint8_t up, connected; /* replica + 1 */
    uint8_t instance;
    uint8_t state; /* tt_track_state */
    place at;
    uint8_t repeat, held_count;
    message held[HELD];
    question ask;
    uint8_t hand_sequence, hand_uid, half_saved; /* an event that the application works on */
    place checkpoint;
    uint8_t seen_count, seen[JOURNAL]; /* effects of the application, durable: uids in order */
} subscriber;

typedef struct {
    partition master, copy;
    partition old;    /* the former master, while a replica still talks to it */
    uint8_t server;   /* which one is master */
    uint8_t token[2]; /* of each server: lives in its function library, not in its data */
    uint8_t effects_elsewhere[COMMANDS], effects_copy[COMMANDS], elsewhere_cut;
    uint8_t derived; /* times that the group was set back: its acknowledgements name it */
    daemon daemons[REPLICAS];
    uint8_t queue_count;
    message queue[QUEUE];
    subscriber reader;
    uint8_t reply[COMMANDS];                 /* what the client was told */
    uint8_t lives[COMMANDS], before[EVENTS]; /* for checks: appends of each command; 1 + the event before each event */
    uint8_t made;                            /* epochs that were begun, in all histories */
    uint8_t lossy;                           /* a fail-over has lost something */
    uint8_t failovers, crashes, reader_crashes, losses, moves, doubles, elsewhere_failovers; /* faults that are left */
    uint8_t broken;                                                                          /* a fault_name */
} state;

typedef enum {
    SOUND,
    BROKEN_TWICE,
    BROKEN_LOST_UPDATE,
    BROKEN_BOUND,
    BROKEN_ACKNOWLEDGED,
    BROKEN_OTHER_REPLY,
    BROKEN_SPLICE,
    BROKEN_ORDER,
    BROKEN_NOT_IN_HISTORY,
    BROKEN_RANGE_SHORT,
    BROKEN_RANGE_LONG,
    BROKEN_WATERMARK,
    BROKEN_EFFECT_TWICE,
    BROKEN_EFFECT_WITHOUT_CAUSE,
    BROKEN_REFUSED,
    BROKEN_STUCK,
    BROKEN_BOUNDS_TOO_SMALL,
    BROKEN_COUNT
} fault_name;

/* Guards that can be removed. */
typedef enum {
    INTACT,
    NO_REQUEST_ID,
    NO_VERSION_GUARD,
    NO_BOUND,
    VERSION_IS_A_COUNTER,
    REPLY_BEFORE_COMMIT,
    PUBLISH_BEFORE_COMMIT,
    NO_WAIT_FOR_REMEMBERED,
    NO_WATERMARK,
    NO_NEW_EPOCH,
    EPOCH_BY_RUN_ID,
    NO_EPOCH_CHECK,
    ONE_EPOCH_HELD,
    NO_PREVIOUS_ID,
    SEQUENCE_BEFORE_EPOCH,
    NO_HEARTBEAT,
    LOW_HEARTBEAT_IGNORED,
    STALE_JUDGE,
    SAME_INSTANCE,
    CHECKPOINT_FIRST,
    EFFECT_FIRST,
    ACKNOWLEDGE_FIRST,
    NO_CLAIM,
    EFFECT_NOT_IDEMPOTENT,
    HAND_KEPT,
    NOT_DERIVED_AGAIN,
    OLD_ACKNOWLEDGEMENT,
    REFUSAL_NOT_REMEMBERED, /* as it is: see README.md, known limits */
    MUTATION_COUNT
} mutation;

typedef struct {
    const char *name;
    uint8_t commands;
    const char
        *kinds; /* of each command: 'r' adds its bit to a row that it read, 'n' adds 1 to a bounded number, 'f' takes 1 off it */
    uint8_t replicas;
    bool at_once;    /* a command is one step: for what comes after it */
    bool stale;      /* a fail-over leaves the former master behind, which replicas may go on reading */
    bool wait;       /* WAIT and high watermark */
    bool reading;    /* publishers and the subscriber */
    bool processing; /* processors */
    bool elsewhere;  /* their effects are in a partition of another server */
    uint8_t failovers, crashes, reader_crashes, losses, moves, doubles, elsewhere_failovers;
} scenario;

typedef struct {
    const scenario *scenario;
    mutation without;
} model;

typedef enum {
    DO_SEND,
    DO_COMMIT,
    DO_REPLY,
    DO_LOSE_REPLY,
    DO_AT_ONCE,
    DO_COPY,
    DO_FAIL_OVER,
    DO_CRASH,
    DO_START,
    DO_NOTICE,
    DO_FOLLOW,
    DO_PUBLISH,
    DO_DROP,
    DO_HEARTBEAT,
    DO_CONNECT,
    DO_MOVE,
    DO_RECEIVE,
    DO_ANSWER,
    DO_TAKE_ANSWER,
    DO_SAVE,
    DO_HALF_SAVE,
    DO_READER_CRASH,
    DO_READER_START,
    DO_TAKE,
    DO_CLAIM,
    DO_WORK,
    DO_ACKNOWLEDGE,
    DO_COPY_ELSEWHERE,
    DO_FAIL_OVER_ELSEWHERE,
    DO_DERIVE_AGAIN,
    DO_COUNT
} action;

typedef struct {
    uint8_t what, who, about;
    uint8_t fault; /* costs one of the faults that are left: liveness must not need it */
} step;

/* Collects the successors of one state. */
typedef struct walk walk;
typedef void visit (void *context, const state *to, step how);
struct walk {
    const model *model;
    const state *from;
    state to;
    visit *visit;
    void *context;
};

state *walk_begin (walk *w); /* a copy of `from` to change */
void walk_end (walk *w, action what, uint8_t who, uint8_t about, bool fault);

void state_init (const model *m, state *out);
void walk_all (walk *w);
/* SOUND, or what is wrong with the state whatever led to it. */
fault_name state_check (const model *m, const state *s);
/* Everything is answered, delivered and worked on. */
bool state_is_done (const model *m, const state *s);

/* -- store.c -- */
uint8_t command_of (uint8_t uid);
/* Applies a command to the master: the uid or REFUSED that the reply names, 0 if a guard failed. */
uint8_t store_commit (const model *m, state *s, uint8_t command, uint8_t version, uint8_t value);
/* SOUND sequence range: first lost one, or 0 if the position is in the journal's history. */
uint8_t store_judge (const model *m, const partition *journal, uint8_t position, uint8_t uid, const chain *held);
uint8_t store_watermark (const model *m, const state *s, uint8_t replica); /* what may be shown */
const partition *store_view (const state *s, uint8_t replica);             /* the master that the replica talks to */
void walk_store (walk *w);

/* -- the others -- */
void walk_commands (walk *w);
void walk_publishers (walk *w);
void publisher_cut (daemon *d);
void queue_push (state *s, message m);
void walk_reader (walk *w);
void reader_settle (const model *m, state *s); /* what it does by itself: held events, the next question */
void walk_processors (walk *w);

extern const char *const fault_names[BROKEN_COUNT];

#endif
