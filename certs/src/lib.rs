//! X.509 and TLS for every door: load, hot reload, who the peer is, the throwaway authority
