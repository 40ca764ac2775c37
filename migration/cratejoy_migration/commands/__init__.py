"""The commands of `migration`, a module or two a subject; `cli` names them all and loads one when it is called."""
