//! The published directory over FHIR R4 (DOMAIN §4.1, §4.2). It knows the register and nobody else: no path leads to a patient.
#![warn(missing_docs)]
