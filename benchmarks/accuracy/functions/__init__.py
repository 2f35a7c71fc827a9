"""Functions as users write them; a process that measures one imports its module and nothing else of the benchmark."""
