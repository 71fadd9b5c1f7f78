"""What is measured: the metric dictionary, the recorder and the tables made from it."""
