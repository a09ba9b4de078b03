sign-out = Leave the harbour
