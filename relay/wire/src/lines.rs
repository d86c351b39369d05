//! Strict CRLF framing.
