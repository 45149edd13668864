/* achievement-ingestd: the table of operations, handed to the daemon's life. */
#include "service.h"

int
main (int argc, char **argv)
{
    return tt_daemon_main (ingest_daemon_spec (), argc, argv);
}
