//! The published directory over LDAPv3 (RFC 4511). It knows the register and nobody else: no path leads to a patient.
#![warn(missing_docs)]
