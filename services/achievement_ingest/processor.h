/* Events of the service's own journal -> pushes: the table of callbacks for the daemon. All of them run in the processor's
 * thread. */
#ifndef INGEST_PROCESSOR_H
#define INGEST_PROCESSOR_H

#include "bus/service.h"

extern const tt_processor_ops ingest_processor;

#endif
