//! Who is in: sessions of customers, sessions and roles of staff, links.

use jiff::{SignedDuration, Timestamp};

use super::email::Email;
use super::id::{BusinessId, CustomerId, LinkId, SessionId, StaffId};
use super::{Scope, text_enum};

text_enum! {
    /// How a session came to be, which decides what it may do.
    pub enum SessionSource {
        /// By a link or code mailed to an address: any customer of that address.
        Request = "request",
        /// By a dynamic link: its one customer, and no change of address.
        Link = "link",
    }
}

text_enum! {
    /// What a member of staff may do for a business.
    pub enum Role {
        /// Look at everything.
        Reader = "reader",
        /// Also make links, invite, send events again, give money back or decide about it.
        Manager = "manager",
    }
}

/// A signed-in browser.
#[derive(Clone, Debug)]
pub struct Session {
    /// Identity; not the token.
    pub id: SessionId,
    /// Business and mode.
    pub scope: Scope,
    /// Who it acts for; none while one of several customers has to be chosen.
    pub customer: Option<CustomerId>,
    /// The folded address that was proven, or the customer's at a dynamic link.
    pub email_folded: String,
    /// How it came to be.
    pub source: SessionSource,
    /// The staff member, API key or command that made the link, for dynamic links.
    pub made_by: Option<String>,
    /// Where the merchant wants its customer to go afterwards.
    pub return_url: Option<String>,
    /// The network it was opened from.
    pub network: String,
    /// The browser, as it calls itself.
    pub agent: String,
    /// When.
    pub signed_in_at: Timestamp,
    /// Its last use, as far as it was written.
    pub last_used_at: Timestamp,
    /// When it ends in any case.
    pub ends_at: Timestamp,
}

impl Session {
    /// Whether it has not ended at `now`, when unused sessions end after `idle`.
    pub fn is_live(&self, now: Timestamp, idle: SignedDuration) -> bool {
        now < self.ends_at && now.duration_since(self.last_used_at) < idle
    }

    /// Whether the sign-in is younger than `fresh`, as changes of address ask for.
    pub fn is_fresh(&self, now: Timestamp, fresh: SignedDuration) -> bool {
        now.duration_since(self.signed_in_at) < fresh
    }
}

/// A dynamic link: opens the portal of one customer once.
#[derive(Clone, Debug)]
pub struct PortalLink {
    /// Identity; not the token.
    pub id: LinkId,
    /// Business and mode.
    pub scope: Scope,
    /// For whom.
    pub customer: CustomerId,
    /// The hash of its token.
    pub token_hash: String,
    /// Where the merchant wants its customer to go afterwards.
    pub return_url: Option<String>,
    /// The staff member, API key or command that made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// Until when it opens.
    pub expires_at: Timestamp,
    /// When it was used, and the hash of the browser that did.
    pub used: Option<(Timestamp, String)>,
    /// When it was ended before its time.
    pub ended_at: Option<Timestamp>,
}

/// A member of staff.
#[derive(Clone, Debug)]
pub struct Staff {
    /// Identity.
    pub id: StaffId,
    /// Where sign-in links go.
    pub email: Email,
    /// How they are shown.
    pub name: String,
    /// What they may do, by business.
    pub roles: Vec<(BusinessId, Role)>,
}

impl Staff {
    /// Their role at `business`; none for somebody else's.
    pub fn role(&self, business: &BusinessId) -> Option<Role> {
        self.roles
            .iter()
            .find(|(theirs, _)| theirs == business)
            .map(|(_, role)| *role)
    }
}

/// A signed-in member of staff.
#[derive(Clone, Debug)]
pub struct StaffSession {
    /// Identity; not the token.
    pub id: SessionId,
    /// Whose.
    pub staff: StaffId,
    /// When it ends.
    pub ends_at: Timestamp,
}
