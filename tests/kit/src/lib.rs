//! Start a whole server, invented people, transcripts, peers that lie
