nav-news = News
wish = What shall we build next?
send = Send
thanks = Thank you. We read every wish.
