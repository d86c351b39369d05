//! What administrators do, from the command line for now
