//! A self-hosted, white-label customer portal engine.
