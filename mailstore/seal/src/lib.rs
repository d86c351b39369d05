//! Sealing at rest: frames, key wrapping, keyed hashes, master key epochs
