/* ttctl: the command-line client of TechTransfer. */
#include <czmq.h>

#include "base/log.h"
#include "ctl.h"

int
main (int argc, char **argv)
{
    ctl_args args;
    bool done;
    tt_log_configure ("ttctl", TT_LOG_ERROR, TT_LOG_TEXT);
    zsys_handler_set (NULL);
    bool good = ctl_parse (argc, argv, &args, &done);
    int code = !good ? CTL_USAGE : done ? CTL_OK : args.command->run (&args);
    ctl_args_free (&args);
    if (fflush (stdout) != 0 && code == CTL_OK)
        code = CTL_REFUSED;
    return code;
}
