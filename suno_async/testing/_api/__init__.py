"""The private parts of `FakeSuno`: what the service says and knows, without its public knobs."""
