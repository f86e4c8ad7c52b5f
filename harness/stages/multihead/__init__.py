"""Networks with several input and output heads, and what is made of one structure of theirs."""
