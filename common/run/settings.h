/* The settings that every daemon has, as rows of the configuration table, and the options made from them.
 * Private to run/. */
#ifndef TT_RUN_SETTINGS_H
#define TT_RUN_SETTINGS_H

#include "run/config.h"
#include "run/janitor.h"
#include "store/store.h"

/* Rows with the daemon's own default ports: commands on base_port, events +1, replay +2, HTTP +3. Static storage, filled at each call. */
tt_config_table tt_settings_table (int base_port);
/* Store options; texts are borrowed from the config. service is borrowed. */
tt_store_options tt_settings_store (const tt_config *config, const char *service);
/* What the janitor is to keep, and how often it looks; store and counters are the caller's to fill in. */
tt_janitor_options tt_settings_janitor (const tt_config *config);
/* Level and form of the log, from the config. */
void tt_settings_log (const tt_config *config, const char *program);

#endif
