closed-title = Our support is closed today
closed-text = We answer on the next working day. Everything on these pages works as always.
partner = Thank you for being our partner.
