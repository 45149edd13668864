/* probed: a daemon with nothing but techtransfer.v1.Probe. For tests and benchmarks of the bus. */
#include "run/daemon.h"
#include "run/probe.h"

int
main (int argc, char **argv)
{
    const tt_daemon_spec spec = {
        .name = "probed",
        .stream = "probe",
        .schema = "envelope.proto",
        .summary = "a daemon without a domain, for tests and benchmarks of the bus",
        .base_port = 5750,
        .methods = &tt_probe_method,
        .method_count = 1,
    };
    return tt_daemon_main (&spec, argc, argv);
}
