"""Weights of collations with one weight a character: ``*_general_ci`` of Unicode, and those of character sets
of one byte (by byte). Made by tests/kit/collation_weights.py, packed as ``table`` says.
"""

from __future__ import annotations

GENERAL = (
    "c-pO$ZD<@t7{_;hGg+7AdK||g;gk@hNR&|I2uCfoL=lmr_(7ynv=X!!t0vjA;a<L}9}bKqw!WnJmP&F^su49G&JWhMrjo|CzC}sXYC!~x6=`G95Cp~"
    "9xxKqIxob~xXLe?u_y6-ev%4TH3tTh64qjM?VGuSHQJ-(?%{D|E%VbrJK&8CfHIeJjaNy7_8#;Oz+Ng&0SXU118ZvMm4e*2my=x864-yZ6MyrSw6;N"
    "*A`G0uY{OMz@<>D?Esa5Kl<<#&rfD(3UdMjPUg1y#@dXIg%j=MrV=6g^0KFv(kA|*&H=$=oBLxQ9pyCv<K>2ep70~~?_`6C&QWoAV8CKh+{S>{{({k"
    "zPxU<3CsE4hQY0ZQ;mej&rf%r8)ox+8NQzh#!-lBD1<Cr;;#$x|Ezk13By-{fV<BG1_)k{@9>&7SOQl7*e@%Z_C^kewFYMZpg+lIBBAv7QORsGx^i*"
    "rWlMJT3`-%Fkpuk>yj#1sF<mDmyP01sf-g)9s(<zL#iVqiHrD&CU2Y<^?&OrAH~vtl*FQt{gAq{*;Ui(snpk%&}i9cB>15-|>}VlY+nUe@lvkoXspr"
    "U8Yx6WS8O@bz^61Tty=t^Kze5qjIl&L-L9o6H7wv(Puj(-joy4w#TI^$@gSQzN25oyHa^f^MQ0Cx+{uAoR7qP2SrFtwQP1r`<N2#y1H8QlDF|z?oUN"
    "ZeY&e}iwQCAZB0dI`xp}IbrK3&?e`LUH5ux1V>g`aqkp$ptDAn<dveF~q2UmZJR1MmH{S9z7roA#dd>|H{>I~>2cFpA-W*beepK?L&=$wMw(Cd_y2X"
    "CtcT*6?`PUv{H7yjc3tfBty>2@KM`2q}_iepAmSjlxk`d_Q1Yf|o+>+9)Q*3?k&fED4zJ%V#lW)OUI0L6EtG;0$!&;r9YE`ZibqGcHRWR49lyanV?i"
    "$9{@cwz5g0l3#=~;o*+|d8AW!nmF9Z7Tcby>}MY643$!J0wbIM9F3q7lr-(Cg+oFKXwQMWlQRS!}oHv}m=6TPTaDmRWRIBuzfbOe(9McICh-ky9b<%"
    "MI<yTD4Nuf;k3@mR6T84aMJGBTpHS+T={j74xj3sw2H(g)7!qt$)Q)!!Ro<uKrE*tLxqCFA-CUj%v+=NY(1sLN;?LS6`uehO5vuR$8w9u&IE7rOf?O"
    "rlpR#Vos2ZY5j}B7#!bWalKJ%H?w>`-eQEqYs^+W@86<-07fR-hX"
)

SINGLE_BYTE = {
    "ascii_general_ci": ("c-pgMU|?WsVq_u%a4~UMGJv!@*pd#J%$O#EH3JdTz!P9(1|$LPkq^}"),
    "cp1250_croatian_ci": (
        "c-ou5z`(%N#K;5$Y(R(!u#1wY3SAn+;{rl3g9nINSU^fxm^i@F6Bt0Qa_C^x5MZ)mI?Uu?>u`b*NH{wH+1Eg<t4u%<pxkMYoGn<M$&TqbgqNov"
        "#KPyW9>h5Y5<ZHmcn+h1fWb*72O|X;1+SHi3f+uAW)q{sMNBgtfLgT_5*1n*naqH01R@?F<^nnt0@+wh90Xz*L9PWNCME`C$N*G;5Jm8?2w`eL"
        "Rf)p@>^8wg2<Svn16RO8oFS;5K+^BQ0Fr<pHlQS!fk_gNasWRGD<S"
    ),
    "cp1250_general_ci": (
        "c-oaxI|>3p44pi}AhO6}EwYtZiim}<60q|UwpN}&tn379FJR>%L|3u0(Ax-RM#ayLh?B?LB=2R&!pw~^5I6u<BY(o(e_a8cQACj~BVwm37zMA)"
        "jazGs3qht-kI}&zlFE*hdZPK+WhZDywS&`AucM3XR*jM}mt^INt!r=I%?oP8jXh*&lm3#p!ZVU)G9fwUFBP4wqlzRWv~@|2Jnmt+CGmjV#tL}y"
        "-`98upVeoJLnH6bFBd!|&YAh=WVrZY`TiSt@p;rd^Mj*Y5@hR>mcCGf_zHKVEQJ"
    ),
    "cp1250_polish_ci": (
        "c-o~;OKL(v5S%WWA&7_<2+Y!zh=>bO=@61d&f*oa(F3@1<-(2k5Jdc~TqL*19nw87@_f!f0-5SJOjlKZ-oiPDDFI&bzr%{^@zo?Zpr(jI-8!(D"
        "7!OfeINMD&gaO`LUnC<r5XN|xE#%W)A5exdVCD8ueRTEwWGmu^%qX0TVtKOC6JdxK*%g*0b()<cq#fSY6y_w|FeSNIXPtX4yIMgjJcbbVgud>o"
        "QP-~)f85}?C(Q}j)*67jA|~Zk(mu!B;;u5+gY$Ia{?(NBt=Kp#CL7$$<8;icGqnh>j`&FLzsKYorphg6"
    ),
    "cp1251_bulgarian_ci": (
        "c-m`bU|?WsVq_W+z{SMIWWXc?ggng*Acr{Ek_>wokvNqKGGrKWoQcT{=o%I<bY}!P1c;bM38Dxj^o0>fAVC1!HzU6"
    ),
    "cp1251_general_ci": (
        "c-mXVz`(%N#K<)002dPnh+yJ@a9P+u1j{N0kb50$NrpX)P)4<!g2Qn}1zDCBMu$oTX$1+OSTK`_LpBq;f`~&mqmhimPDX_ohl7j?DL^SG1%W_)"
        "Sq_UCnP4L485N4q>^aWFWX8nC!o<P@bS)PLkO71oOe|X&K@JBZCJ@0gO3;S@hBt16Ulxi09E>hD"
    ),
    "cp1251_general_cs": (
        "c-mXVz`(%N#K<)002dPnh+yJ@a9P+u1j{N0kb50$NrpX)P)4<!g2Qn}1zDCBMu$oTX$1+OSTK`_LpBq;f`~&mqmhimPDX_ohl7j?DL^SG1%W_)"
        "Sq_UCnP4L485N4q>^aWFWX8nC!o<P@bS)PLkO71oOf3HxK@JBZrcpHP5DPKN0C4Lre*"
    ),
    "cp1251_ukrainian_ci": (
        "c-ou7z`(%dzyw010}ddh9?)YFV`5@q1F~3H*rqUm9M-^C%j957I%Kk7YGQ<Ps^t`bWT}F(f()3S&BU%CLXvTR8JSq1kOPQo7(q@0A|@~aqX(1#"
        "Ba6Y}8cICD0%PDr01c@oMg"
    ),
    "cp1256_general_ci": (
        "c-pICU|?WsVq`)FY)oVT0Wir0(ai#cP;=Orz-*ul7Yk692h8DPl7YxpF@WrM_{YeypUJ`2p@Zoth-zbEI?3c<RSsm@I&^_Kws6?Rbe>URIwO)u"
        "2hfJo2qk@tO#O^g7@2At7@67`yBL{Rq~(Ar<}xl~WMSfAQq%xBZzH1-*KtNBGZ34HiG>A>fY8W+hbf2=<R~Cw0ud}g8pee2Q8-BI5aL*MVj~DD"
        "Kr#uRT9^uiQcMK)6O|AP%qmQqSx}Wh*#O_?B0v"
    ),
    "cp1257_general_ci": (
        "c-oCmOKJi^5bb&tO&A7o(F<`kWHGC(n;<B401qQMf?KcP!XpHiu8bH(#kI%C71Gs1U}o$IQ?I(HdiCv<F$POQ5RTfA1l1)rptodIF<Z;XEm-$h"
        "48mI(JxJD6gw3Au4VlWGGM}B*I}q4|FX~@OBKJw-avZ%Q$rt2A?#(?kJ`rX*;iK@F;HK167R8-pM=pDHx2nkE-Tq}28!9m>LnA!4BtK#26P7e5"
        "y)-Cb+AtWY;X0GIn2L2Z*5Kveu9)v07@71H=@A+Zl2;Auea#8ABBMWlR_<XF`U`iXDPI"
    ),
    "cp1257_lithuanian_ci": (
        "c-qTjU|?WsVq~Hea51rgC>Az07A77xCKeVZBPJjdD9QsA=0IYz<uQQlblAuEo6*76;S{68aV8*rh|$5+;UtI!g7OX%7#-Hac*t-Uqr-NP_!&kA"
        "SBJw86_!k9OzsX`Oe{!{4TXn*%#0x0frtrA!05qAAfXi?f{G9T1Z^AH"
    ),
    "cp850_general_ci": (
        "c-q^+z`(%N#K=T{z{SKtNC^u8`5g=(*E@Km=xQaWDKND%itr1uFwJLluywHFYh`q}!N@e7$-!$1<6=e`{wa(T8K*GLWCBWppvNM{%B;zZ(-@~S"
        "&SGSp3KO<<$YEN|=-@Mlv5~Q6CgVIt7N&)aTr4az8KKg5AV#>XVC-k?VO+|%g7G4wQ9Dfb86(q5#%hOKj7&3`n9P_yFm7aITF1y9t>|aUWTY)C"
        "!^k0EFC`}}C9a^V!pNb-${5NtgORD3(J@WY&VZwlQCWb!hq0Hji&2DEf>BaXhKFf6qW~-81jeb19~eQN1tKO8!9ohbM4mR>1a(cLhPlW(nQ$N$"
        "+)|Vy7Fw790F$&lPy"
    ),
    "cp852_general_ci": (
        "c-oDSze>bF5XN_ZEK7(X93g}tR|E+bsl?(q4wNnAu<{9PZF~SLD?1+{g;<D{l@DQIqlJx6VC6$Nn_Qwt?vFFW$7E-|Z@*2gl;TFSCQJ`o;y*hZ"
        "BP0-vyi!Drg$!!t?YR@uGN6#W#T~g>#HiSP*X~ne?r^jCfbleZ@H3zD>XN$sm?okW-)m{#^q42ygb`tKZ5G?#+LV0YPN}kUc7%2&zhmzimj_jH"
        "m6_tTll{^>;`R>-N?tS*j`Kil%LSGcTgU@0wD&6oYE>$E+i<Fc*|&Dc2^XASSXv(*w<EJWY7VxDueBi-H!q+DCVRpPwMzL}TcVt|`b~um+CP|f"
        "ebMdn14wx#i2"
    ),
    "cp866_general_ci": (
        "c-m`cU|?WsVq_XXz{SMD#KOeK6w%HAa*Ts5$&d$$Jq_fSn~Y%g3`VBwjHqfCFwSK}U^S+rjHn`n@Ny<5Go~b_9!93=j7$-XAO`~x6Nq3TmH?_J"
        "Rm(6XAR&Pj0RWz5GFS"
    ),
    "dec8_swedish_ci": (
        "c-oy#OA5k344piJlnS0@+;kzW<On@U58(}Z5^o@gD7tguNj!ncRNICsib=@iy*K$ZAp~p)n5hpoMqYWxu=+=1)SPJpBkPDJ*iP9IR@g%-Ig=di"
        "JsEScs+u6fa=?VOZj`QT4V!i&X>lbkxy7Ai3lw@no^Is`S;jfp9U4G*c>+D-k!OC>{HU)#|Jdb(fk{!M%qi!iy3g@BXQAZ-36LaF"
    ),
    "geostd8_general_ci": (
        "c-nJeU|?WsU}Pc-a4>PPu(2@lFfny8GPy8-jB>Cg2QpbOu`sdlFmZ4(8Egcb14K-Nga9K8Fv$WVdB6+~1|}{r!vFvojS>q"
    ),
    "greek_general_ci": (
        "c-m`cU|?WsVq_u%a4`iiu`#hQ@i0*dv@?Jl<6uiVWHJN01PD1;c*V@PAj08N1_HJYkurKhwhqxeLP}gBO7U<#$!ZQ#;XvBjj>*;`TaSlJi-*M*"
        "EK_LWz~#pXataVJ4LkuxW?+&HOtPSo91s%7!Qo<5aZDa=ow#%XZ6w7Q5Ci}^86Y("
    ),
    "hebrew_general_ci": ("c-nJdU|?WsVq_u%a4~r?SumLZSq=;!QygqbhfHQnEKDv;Y)rPxz-9mu)4&s8WCkW#z@!V9WP?Zn0NSDvr2"),
    "hp8_english_ci": ("c-pgJU|?WsVq_u@urReT*)V{NaIhsAS~3Imn=#D->jxsHfhSOr8IS}3C~gpS"),
    "keybcs2_general_ci": (
        "c-kvxU|?WsVq_v2u;5_h)x*NX#l*qH!xRDH$(1vJEO&4dVN%-7=wRz$#n;N{V8>GLV8z44HyI=Xf-X91Axs+<Cb_vFW)9P8Mh6cj4k0e6OoSNI"
        "dPau;siK)o4k|`Kof2A1Y(i}FVMf?-0S(q;n!_l@CN99tCCtP!n~BMcDGKNaJ{~qECIv>2Lx6~hi2()~nAng+7=V66Wk5K5P&EjGi2<t+sxXF0"
        "AT9@{9<U>zig9Vg(2ArGu3LryB!)mR6TyfJNrneZil8c20+Il_*B&$"
    ),
    "koi8r_general_ci": (
        "c-pIHU|?WsVq_u%a54EY$uNmAQ4H!CK#p**B^@%EF|mLkkS*#E@8Algn;8|{9LyaO(Ue+4=~y7k(}5GH)EWrA9UOsb%N=ALoESlF03xP=C&0)I"
        "#(*Q2LE=0-1OQ(hB8d"
    ),
    "koi8u_general_ci": (
        "c-ou5z`(%dzyw010}ddh9&lj+ng_&86Bs~_YGABoa<C;GGFdRSFajB(4)G4f3Vc9TBcp<%f}4Z6L!v_~qk^o08j1#MC>;xAc{*@9xB_Ww2X6;Q"
        "poVe>S%-&=Ol(XnU|hfmau^UXfe9Erpad9M3>Mc=;tA{s0IBXKum"
    ),
    "latin1_danish_ci": (
        "c-oClF%H5o475)XW7Vf*>VO*L_w*S|ES-1@D-uE=*bovD59!8&odRk|LCsl?@9bRM5D}IP%oM{j<lntqaf(03Va0vbkbNjy#vD6HkQ2)Ra%Z_g"
        "j;5YXHKfeA?2)PFfI4}#fI5aNyV|YM*|ouir3EVZLV_<JaSIKA-iYL*<V8A@PXFpncbVolzUx>?mNlxFJ)wAMT9!|jktX~"
    ),
    "latin1_general_ci": (
        "c-pIGU|?WsVq~H_;9_C}k`0X23?LUc>|=DWMS{nffW!$#hoejmHy9nRGC3TB$)99`GB8EJVuz8`+B#S}oQKKYV4Mmy6v96ZlK_ga0L=i~#$?8{"
        "iP7ObBa<Z~$XP(d1R_|5A3?s)P;>%0m<Rw**Dlc"
    ),
    "latin1_general_cs": (
        "c-pIGU|?WsVq~H_;9_C}k`0X23?LUc>|=DWMS{nffW!$#hoejmHy9nRGC3TB$)99`GB8EJVuz8`+B#S}oQKKYV4Mmy6v96ZlK_ga0L=i~#$?8{"
        "iP7ObBU2$G$XP(dG>Yhk0H=vB2>"
    ),
    "latin1_german1_ci": (
        "c-o6)U|?WsVq{|C0YU^|143+U2;cxC6o9UXi>ZSV%8X?I+2OE{k;#PVIFo~|!wE)*qagYiBa;==Nf65xg9qX}9A*NEvY0TjoQH|uV4Mmu0;u>j"
        "Ob}`ylNpnegCU;-ufRR9l|aPA!~la}4qOD4hblsx9I8>s5W7O+ZG`c_$P7#>fdu$~2t*q(FbMzv5(6Og"
    ),
    "latin1_german2_ci": (
        "c-noAJr2S!42A8dC==YJ0x1Kck~vPV!GzctxB|yuK_Cz-m3kKz;-pkbQ#H0M`+NRLLqym!V1wt+Cdd|YNnpH9Jc|RztRcN8SB7ygJGnt>d9vIg"
        "9ZL&&FgAE8Rm&@_bt2GO-hbZlIj+Gr#eS{PS$tSdfI|gY%kmq(;2ogMaAXtlpq0r`jKZ8Yy=8naX~l)h%`^Sk<sQY1;6ki=b)jMP1J*7mVE"
    ),
    "latin1_spanish_ci": (
        "c-o6+U|?WsVq{|C0YYTJ287ty5WoROI5j{47g(r)F`fZri^D!fCKIOPOb)gVCm0=$GCAB}bhygoaEy`3is>Xs6a-OuAil$4uo@N<CYJLs@f(a&"
        "A;tg|pN0tn4P^o91e?ud#<Ypi;XNbM6R_1l#Kgn^gA7axAc6(P<3M9TI3iFr2m+rR4y6#~GT0P>okY-Fm<$(+Moa_%Pc0=o"
    ),
    "latin1_swedish_ci": (
        "c-oClK?=e!5X=t2lZQSfAoL)O%zOF_PhR^He;|k`dh?**J3M<Z8(K|_g=UtpGqag&YmC8KfLTC#QvU0eiVYY&78@D**64@a36|J{o@e0^d<gI0"
        "N!5$0ikvCu0fnjwXtGx;ghYQ6cDRadY=@_C3)FDng5FiHxJ4+y42a~TlubU9Pmg)iQ>Nwp+ch!1N~}8Gt{<NFM&Q*ODpx05"
    ),
    "latin2_croatian_ci": (
        "c-m`aU|?WsVq{`sVPj%r!UWhwNmPYhnv2Pc1w^wzxUCEzr#Lh)Dll0w9cFT{bvVHYB%B?9>}w#_RVJVaQ0_EH&K4}sWXE(I!pmckVNq~c58@mH"
        "2_HpOJcrRhz~Cg4LmGz!hgY`3Nk)e}1viI_m?k;^HKwphu_-DXWn?k~g$frNh%j*wuwn!`5QvzV7!Z&F=zfG4f`>&2Qwyp}90p*w2`)lFCyE+U"
        "4MFt;LXjJYC}03d5{m$0+$y#"
    ),
    "latin2_general_ci": (
        "c-oDRJr2S!429#Tr~?D)%4Qf~Wnw5484z$0W(H1xVCDwg2352$AtcU&!;feSLA5O_c3wU^J7Wws1hqiDy4iAR|H^;EYuX*#B5r5gO0p(qL^wcV"
        "Nl8Z1mm}mxa)s6wk;TMy;)kb%AzsyrWlMaf_d`XT2m?$dc?$N_4Z9g+$sKNRMtYdZ#bI^e`Ga)&g({ky5PELO0JXrSc0Fv>!#TN4HIPp*{;Jr@"
        "dr4DNdmt4?`_P3uFTNtkvwJS~rQd%09h9~#SO"
    ),
    "latin2_hungarian_ci": (
        "c-lL|z`(!+0xV1@fCDNb026Rx8aTj$OM;7u4Nburpnn+tG5%%*VI~*@8)iaLfuWSiAx23{!XaMC!4?P)GXaTXj1JZgjt)ne9Ii1sTxN2xk|}bq"
        "bZ~aC?PLNgvUPA{(ue?3$07VaMp-9^^-!I*AbmbkNm6RI4wo5$;mRcw!(_*F8lrR#qk+RoCWjOyNd;Mj(~J&z3T_S;nH*ds@_-h;XVhY8Vq}t2"
        "fT^~1IKc=qE=55asQfr1lNpl}9}5>73mX%c8lQj?pTJv2P`m;mC~`prjK)u3RgF(A0)j<Yh_C~LK$yUS-%>Qou-He?qu6XihgglJ#5?#6Cm16z"
        "^o$YHtq2GJkx*3D"
    ),
    "latin5_turkish_ci": (
        "c-l*3U|?WsVq{|C0YU^|140xoDj&NL2(SPl3gBYu0Ggi20J6tnA0v|q({UyTTZa>j4o5-sF-9gUrjsDnB}RwyK>7vKawedlj2uK10*^5|9A*Nk"
        "Wiw%7b9Oillexjj=x`Zg9Fq-`EkdFPteeS<$-v<y*lHkRVq$<nFb5k!PyzAApr|CEnsoDFY%p>HlUfW+CIAo7Bzp"
    ),
    "latin7_estonian_cs": (
        "c-rkzJxc>o5WE>4$8m;`N(d_VxJnQO5k--}Sct?bt>ygy!JlxQm0+iKwjwF)1rt9K5%mfSOTofUtStoJOQII`+GKWMb{FRDTeb*-fMl5|jSJ5K"
        "BE~d>GG@qMFh63xeP0^$-%z-ff}9^<i7lAeL=_Xhp_Fr)ugKXXCwo60bvrJ&Xw2G~I-b!+l}XB^Y@d+w1tWG*M__0|6Eov@5}jb5Jm4;O=m+$M"
        "RCEq4sjkevLp8Oad3EWsYiL<(TG5%WZqV;K-B8nKmr$GPKvR13b;sMU=zTTq!4_U?+Ol`hy?b>+$J8NIb<GEAeH*%kR(0Xcr%<Lb&Gm;gqD}hC"
        "`r{5c<R9=8kU&UR"
    ),
    "latin7_general_ci": (
        "c-qxbJxc>Y6ucQ8$8n0pMhGZ(1S}OS6oW)3h)6oY$}<1J*3M241WT>7weSa6nV?2FP<tD}!cOcI3&GtSF=z?}3(0%Kz7KYW9X1Psfb%q$9-WA3"
        "*6Bj_gmsH`Y4%C}ugC&#rvZyCDp>f8!5736e8MK*(SGU(BhI*7nMx;Xct8_HCM70A={-t(#6UW$BQUhkV%9mDM8gNzBlo$>9eSCzR6#9hQDxOs"
        "Pv4-58ql;Z>AEXuPRpw5)K3}mt*dJ~_T4$ur0$?qo%y-t=@<08veT?+<JNB~T2HT`8>c&_S1fE}t36e<l=JdDgo>`5AR4DP@4z4NyIcJN@5cJ|"
        "2zw2DclG7N?2m>W{R4hAMp^"
    ),
    "latin7_general_cs": (
        "c-rkxu}T9`5WE?d<G6^#MhGZ(q*t&|4019-M3PFdvJvtJwsz^P1WT>7wGd0OGC_@UpdVl(SlEfRh2VR4Y6@$y$?m|+F3hl-2SLDPnrn}*ifQ(("
        "LjEcnk_}z<WB#|w1OHAB7F$%c@C{>K&hQmoexNvYk`WhNug|5kEj*)-8k0Jc@$?CGzMzsW>I4iew3r=ECDFtY4#-39bB{izh^lG;t*D`vI_W!<"
        "sRzyLmQLM4OIlM?mww7oZXIvx)T?W#Pd!2#y7KeD+i&Q74VRf|Cpq)0Oxx)_^x%T0bxyT+i=nC2(pUB|RC9EJXp8=L2aYhpU*HpoH${{"
    ),
    "macce_general_ci": (
        "c-n1{ze)r#5XLhfLpYXj$Q4^!h?Q(Dhq%XJZDnbxjm4FgR##pj2*N2^h!(zqg&-nU*Z2ZrFZcj<;v`u#yPG5ov-ADt-!6<Xm=VDEKb-M$5!VSZ"
        "YzlHOVTk@IFi>j~ZqRTG<A;+8Sk*^bLTcG%oRRGF70Gt#z?wZ;k_xAELtmcQ+k%}wd+(g)^bWZooO}Qi+>*9&-z3#K;{c-yPadn~%?p>1qhpIZ"
        "$S2_*vR2t^vUrI|EkES(4LlH5`4!m2PS}xk1B=p^R<FSLko?&C0Mouk<uq<Isd2c=#;{BH0ClPw{aGC%X_e`oYqHXmXw?ptdmjOAXAjft+$ev$"
        "8n4CYg5{nqf{kRE_%2bS9sdGZ+$q5"
    ),
    "macroman_general_ci": (
        "c-oauI|{-;5S@K2i-Zs)$RcVH#KIz#g_Q}5NAMK37HKW)Ej)x4UO^EoJc4Ht3&GiF)Fj(DJIwC9_jW!R5n(03=AmY)lBt@a0hcMrQtq+N=h$J!"
        "Lx>g-W@KBNl!+xqauMBxNldCY_L^wyg~SEsDDD<W%#0B<ugDX7;=x*Qz%c4fA<qRd-&%b?#!lc+fG2?m!x)35`67}>QfT|=3OffoK-EJC-c0^_"
        "LDC^6uJ$E^nu2)Cq7bSQXX}qB`2FbaPtfJ+D9x(L=Kp$|XXeKf$mk#*"
    ),
    "swe7_swedish_ci": ("c-nJhU|?XXW1<W=GJs5Baj*qLcP=w7TL+>bP^G(rrGqn&ZMg_+2oNy=jRMmc1QP>xacUE|?O_1`S@#h<"),
}
