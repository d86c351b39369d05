//! The stories live in `stories/`.
