# What `cmake --install` puts beside the programs is added here by the client library (see common/bus).
