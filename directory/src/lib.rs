//! Who is who and whom we trust
