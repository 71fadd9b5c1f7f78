"""The world and its clock: columns, a day, the market around them, and the Mesa model that holds it all."""
