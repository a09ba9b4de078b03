//! Mails about getting in: links, codes, invitations, changes of address.
//!
//! Their links are live. They are rendered and sent in the run of the job that made them, and
//! never stored.

use jiff::Timestamp;
use serde::Serialize;

use crate::themes::Mail;

/// The link and code that were asked for on the sign-in page.
#[derive(Serialize)]
pub struct Login {
    /// Opens a page with one button.
    pub link: String,
    /// For the browser that asked.
    pub code: String,
    /// How long both are good for.
    pub minutes: u32,
}

impl Mail for Login {
    const NAME: &'static str = "login";

    fn samples() -> Vec<Self> {
        vec![Self {
            link: "https://portal.example.com/login/bus_sample/link/sample".to_owned(),
            code: "4821 7390".to_owned(),
            minutes: 10,
        }]
    }
}

/// The link with which a member of staff signs in to the console.
#[derive(Serialize)]
pub struct StaffLogin {
    /// Opens a page with one button.
    pub link: String,
    /// How long it is good for.
    pub minutes: u32,
}

impl Mail for StaffLogin {
    const NAME: &'static str = "staff-login";

    fn samples() -> Vec<Self> {
        vec![Self {
            link: "https://portal.example.com/console/link/sample".to_owned(),
            minutes: 10,
        }]
    }
}

/// A dynamic link: straight into the portal of one customer.
#[derive(Serialize)]
pub struct PortalLink {
    /// Opens a page with one button.
    pub link: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Mail for PortalLink {
    const NAME: &'static str = "portal-link";

    fn samples() -> Vec<Self> {
        vec![Self {
            link: "https://portal.example.com/bus_sample/link/sample".to_owned(),
            expires_at: "2026-11-23T09:30:00Z".parse().expect("a valid timestamp"),
        }]
    }
}

/// Tells a customer that the portal exists and where it is. Its link is the static one.
#[derive(Serialize)]
pub struct Invitation {
    /// The sign-in page.
    pub link: String,
}

impl Mail for Invitation {
    const NAME: &'static str = "invitation";

    fn samples() -> Vec<Self> {
        vec![Self {
            link: "https://portal.example.com/login/bus_sample".to_owned(),
        }]
    }
}

/// Asks the new address to confirm a change of address.
#[derive(Serialize)]
pub struct EmailConfirmation {
    /// Opens a page with one button.
    pub link: String,
    /// How long it is good for.
    pub minutes: u32,
}

impl Mail for EmailConfirmation {
    const NAME: &'static str = "email-confirmation";

    fn samples() -> Vec<Self> {
        vec![Self {
            link: "https://portal.example.com/bus_sample/email/sample".to_owned(),
            minutes: 30,
        }]
    }
}

/// Tells the old address that it has been replaced.
#[derive(Serialize)]
pub struct EmailChanged {
    /// The new address, masked.
    pub new_address: String,
    /// When it was changed.
    pub at: Timestamp,
}

impl Mail for EmailChanged {
    const NAME: &'static str = "email-changed";

    fn samples() -> Vec<Self> {
        vec![Self {
            new_address: "a•••@example.com".to_owned(),
            at: "2026-11-22T09:30:00Z".parse().expect("a valid timestamp"),
        }]
    }
}
