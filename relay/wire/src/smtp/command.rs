//! Reads command lines.
