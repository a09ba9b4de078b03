//! A small payment processor to develop and test Vestibule against.
