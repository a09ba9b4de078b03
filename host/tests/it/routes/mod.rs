//! What holds for every route of the host: nobody reaches what is not theirs, and no card number
//! stays anywhere, and no null byte gets in. One table names the routes; one that is not in it fails the tests.

mod cards;
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
