"""Networks: one file each, torch only, with the pre- and post-processing that training and use share."""
