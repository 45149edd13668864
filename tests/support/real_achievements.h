/* The real achievements of TT_REAL_DATA (default ../shared/data): NASA's technologies and Chinese papers. */
#ifndef TT_SUPPORT_REAL_ACHIEVEMENTS_H
#define TT_SUPPORT_REAL_ACHIEVEMENTS_H

#include "types.h"

/* Calls take for each record, which is borrowed for the call. Returns how many; 0, after a message, if there are none. */
size_t real_achievements (void (*take) (void *context, const ingest_record *record), void *context);

#endif
