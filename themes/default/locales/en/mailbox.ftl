# The demo's mailbox, a page of the host.

mailbox-title = Mailbox
mailbox-lead = Every mail this host writes stays here instead of being sent. Open one to use its link.
mailbox-empty = No mail yet. Ask for a link on a sign-in page, and it arrives here a moment later.
mailbox-subject = Subject
mailbox-to = To
mailbox-at = Received
