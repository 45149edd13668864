#include "loss.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool
stats_loss_read (const tt_subscriber *subscriber, const tt_error *error, stats_loss *loss)
{
    (void)subscriber;
    const char *place = strstr (error->message, " partition ");
    return place
           && sscanf (place,
                      " partition %" SCNu32 ": history was lost or rewritten, sequences %" SCNu64 " to %" SCNu64
                      " are in doubt; delivery goes on at %" SCNu64,
                      &loss->partition, &loss->first, &loss->last, &loss->resume)
                  == 4;
}
