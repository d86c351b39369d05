//! Lists: what is taken, what is not, what is kept.
