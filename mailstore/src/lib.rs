//! What we keep: keys, blobs, folders, messages, contacts, conversations, dossier
