"""The engines behind the kernel's port."""
