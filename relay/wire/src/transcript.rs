//! Conversations written down, and the stage that plays them.
