//! Structure of letters.
