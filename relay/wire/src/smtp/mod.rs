//! The SMTP server machine.
