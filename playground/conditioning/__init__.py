"""What steers a stream: prompts, and the ways to mix them."""
