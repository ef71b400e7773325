"""The demo: a day of the fictional city of Yunhu, played on the running machine. ``play.play`` tells the story."""
