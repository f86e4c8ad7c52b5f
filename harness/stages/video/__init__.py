"""Videos as volumes whose first axis is time: where to look, objects of single frames, and what joins them."""
