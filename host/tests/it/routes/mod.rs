//! What holds for every route of the host: nobody reaches what is not theirs, no card number stays
//! anywhere, no null byte gets in, and one connection is enough. One table names the routes; one that
//! is not in it fails the tests.

mod cards;
mod connections;
mod forms;
mod inside;
mod isolation;
mod kinds;
mod nulls;
mod offers;
mod people;
mod source;
mod table;
mod town;
