"""What a video stream remembers: the KV cache and the policies that decide what stays in it."""
