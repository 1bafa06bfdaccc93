"""What people see: pages, texts and browser modules. Knows nothing of queues or hardware."""
