#include "loss.h"

bool
stats_loss_read (const tt_subscriber *subscriber, const tt_error *error, stats_loss *loss)
{
    if (error->code != TT_DATA_LOSS)
        return false;
    const tt_subscriber_loss *told = tt_subscriber_lost (subscriber);
    loss->partition = told->partition;
    loss->first = told->first;
    loss->last = told->last;
    loss->resume = told->resume;
    return true;
}
