"""Try the engine on real applications and measure it; nothing here is imported by the engine."""
