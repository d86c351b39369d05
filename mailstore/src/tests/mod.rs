//! Stories of the whole store, told on both engines.

mod erasing;
mod fresh;
mod letters;
mod packed;
mod patients;
mod proof;
mod segments;
mod together;
