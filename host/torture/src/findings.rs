//! What an audit finds.

/// What was found, one text each. All lists must be empty.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) double_charges: Vec<String>,
    pub(crate) lost_charges: Vec<String>,
    pub(crate) refunds: Vec<String>,
    pub(crate) reversals: Vec<String>,
    pub(crate) codes: Vec<String>,
    pub(crate) stuck_payments: Vec<String>,
    pub(crate) mails: Vec<String>,
    pub(crate) webhooks: Vec<String>,
    pub(crate) sums: Vec<String>,
    pub(crate) documents: Vec<String>,
    pub(crate) access: Vec<String>,
    pub(crate) forgotten: Vec<String>,
    pub(crate) charges: usize,
    pub(crate) unapplied: usize,
    pub(crate) plan_charges: usize,
    pub(crate) demand_charges: usize,
    pub(crate) refunded: usize,
    /// Refunds that the merchant ordered, not the rule for unapplied receipts.
    pub(crate) by_merchant: usize,
    /// Refunds that had succeeded and came back.
    pub(crate) bounced: usize,
    pub(crate) disputes: usize,
    /// Disputes after which a debt is owed again.
    pub(crate) reopened: usize,
    /// What only a person can decide: money that a bank took or gave back.
    pub(crate) questions: usize,
    /// How often codes were used.
    pub(crate) uses: i64,
    pub(crate) repeats: u64,
}

impl Findings {
    /// Every kind of finding with its name.
    pub(crate) fn kinds(&self) -> [(&'static str, &[String]); 12] {
        [
            ("double charges", &self.double_charges),
            ("lost charges", &self.lost_charges),
            ("refunds lost, doubled or stuck", &self.refunds),
            ("reversals lost or doubled", &self.reversals),
            ("codes used too often", &self.codes),
            ("stuck payments", &self.stuck_payments),
            ("mails lost or under a second id", &self.mails),
            ("webhooks lost or under a second id", &self.webhooks),
            ("sums that do not add up", &self.sums),
            ("documents missing, doubled or with a gap", &self.documents),
            ("keys that open what they should not", &self.access),
            ("waiting without anybody to look", &self.forgotten),
        ]
    }

    /// The texts of every kind.
    pub(crate) fn texts_mut(&mut self) -> [&mut Vec<String>; 12] {
        [
            &mut self.double_charges,
            &mut self.lost_charges,
            &mut self.refunds,
            &mut self.reversals,
            &mut self.codes,
            &mut self.stuck_payments,
            &mut self.mails,
            &mut self.webhooks,
            &mut self.sums,
            &mut self.documents,
            &mut self.access,
            &mut self.forgotten,
        ]
    }
}
