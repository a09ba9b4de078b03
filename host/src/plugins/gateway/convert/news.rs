//! What a webhook says, on its way out of the guest.

use super::{Checked, Malformed, money, note, ours, reference, refund, timestamp};
use crate::plugins::bindings::exports::vestibule::gateway::webhooks as wit;
use crate::plugins::gateway::news::{About, Event, News, Parsed, Reversal, ReversalStage};

const MOST_EVENTS: usize = 100;
const MOST_ACK: usize = 1024;

impl Checked<'_> {
    pub(in super::super) fn parsed(&self, parsed: wit::Parsed) -> Result<Parsed, Malformed> {
        if parsed.events.len() > MOST_EVENTS {
            return Err(Malformed::new(format!("more than {MOST_EVENTS} events")));
        }
        let ack = parsed.ack;
        if !(200..=299).contains(&ack.status) || ack.body.len() > MOST_ACK {
            return Err(Malformed::new("an acknowledgement that is none"));
        }
        let events = parsed.events.into_iter().map(|event| self.event(event));
        Ok(Parsed {
            events: events.collect::<Result<_, _>>()?,
            ack_status: ack.status,
            ack_body: ack.body,
        })
    }

    fn event(&self, event: wit::Event) -> Result<Event, Malformed> {
        Ok(Event {
            id: reference(event.id)?,
            occurred_at: timestamp(event.occurred_at)?,
            news: match event.news {
                wit::News::Payment(news) => News::Payment(
                    about(news.about)?,
                    news.state.map(|state| self.payment(state)).transpose()?,
                ),
                wit::News::Setup(news) => News::Setup(
                    about(news.about)?,
                    news.state.map(|state| self.setup(state)).transpose()?,
                ),
                wit::News::Refund(news) => {
                    News::Refund(about(news.about)?, news.state.map(refund).transpose()?)
                }
                wit::News::Reversal(reversal) => News::Reversal(Reversal {
                    about: about(reversal.about)?,
                    reference: reference(reversal.reference)?,
                    stage: match reversal.stage {
                        wit::ReversalStage::DisputeOpened => ReversalStage::DisputeOpened,
                        wit::ReversalStage::DisputeWon => ReversalStage::DisputeWon,
                        wit::ReversalStage::DisputeLost => ReversalStage::DisputeLost,
                        wit::ReversalStage::DebitReturned => ReversalStage::DebitReturned,
                    },
                    amount: money(&reversal.amount)?,
                    reason: reversal.reason.as_deref().map(note),
                }),
                wit::News::MethodGone(method) => News::MethodGone(reference(method)?),
                wit::News::Other(kind) => News::Other(note(&kind)),
            },
        })
    }
}

/// News of what can be nothing of ours is acknowledged, so that it does not come again for ever.
fn about(about: wit::About) -> Result<About, Malformed> {
    if about.key.is_none() && about.reference.is_none() {
        return Err(Malformed::new("an event about nothing"));
    }
    Ok(About {
        key: ours(about.key),
        reference: ours(about.reference),
    })
}
