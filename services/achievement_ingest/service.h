/* What achievement-ingestd is, as one table: methods, processor, settings. Static storage. */
#ifndef INGEST_SERVICE_H
#define INGEST_SERVICE_H

#include "run/daemon.h"

const tt_daemon_spec *ingest_daemon_spec (void);

#endif
