//! Listeners, the one loop that pumps machines over sockets, limits and bans shared by all doors
