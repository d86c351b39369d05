//! The floor: one database of either engine, units of work, group commit, migrations
