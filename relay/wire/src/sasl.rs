//! SASL exchanges.
