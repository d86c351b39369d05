//! The patient's pages, in French, server-rendered
